"""The notifier's consumers: one a stream, each a batch of news at a time."""

from collections.abc import Callable, Sequence

from chassis.messages import ReceivedMessage
from notifier.domain.delivery import Channel
from notifier.inbound.news import news_of
from notifier.usecases.plan_deliveries import plan_deliveries
from notifier.usecases.ports import Transactions


class NewsHandler:
    """Plans deliveries for one consumer's batches and wakes the senders after the commit."""

    def __init__(
        self,
        transactions: Transactions,
        *,
        consumer: str,
        wake_posts: Callable[[], None],
        wake_mails: Callable[[], None],
    ) -> None:
        self._transactions, self._consumer = transactions, consumer
        self._wake_posts, self._wake_mails = wake_posts, wake_mails

    async def __call__(self, messages: Sequence[ReceivedMessage]) -> None:
        """Plan what is said about a batch of messages."""
        news = [each for message in messages for each in news_of(message)]
        planned = await plan_deliveries(news, consumer=self._consumer, transactions=self._transactions)
        channels = {each.channel for each in planned}
        if channels & {Channel.POST, Channel.REPLY}:
            self._wake_posts()
        if Channel.MAIL in channels:
            self._wake_mails()
