"""The fields we ask of X: without them a post comes as id and text alone."""

POST_FIELDS = {
    "tweet.fields": "author_id,created_at,entities,edit_history_tweet_ids,edit_controls,conversation_id,"
    "in_reply_to_user_id,referenced_tweets,note_tweet,lang",
    "expansions": "author_id,referenced_tweets.id",
    "user.fields": "username,protected",
}
"""`referenced_tweets.id` brings the author of what was reposted or quoted."""
