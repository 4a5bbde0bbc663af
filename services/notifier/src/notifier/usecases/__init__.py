"""What the notifier does: plan deliveries from facts, send replies, send mails."""
