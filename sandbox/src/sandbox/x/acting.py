"""Acting as a user: one post, reply, quote, repost, edit or delete, as the control API and the timeline page ask."""

from sandbox.x.bodies import id_of
from sandbox.x.control_requests import Action
from sandbox.x.drafts import Draft
from sandbox.x.posts import Post
from sandbox.x.users import User
from sandbox.x.world import World


def act(action: Action, *, world: World) -> Post | None:
    """Do it and give the post that came of it; a delete leaves none."""
    user = world.users.known(action.user)
    if action.do == "post":
        return world.publish(user, Draft(text=action.text))
    return _act_on(id_of(action.post_id or ""), action, user=user, world=world)


def _act_on(post_id: int, action: Action, *, user: User, world: World) -> Post | None:
    match action.do:
        case "reply":
            return world.publish(user, Draft(text=action.text, replied_to_id=post_id))
        case "quote":
            return world.publish(user, Draft(text=action.text, quoted_id=post_id))
        case "repost":
            return world.repost(user, post_id)
        case "edit":
            return world.edit(user, post_id, action.text)
        case _:
            world.delete(user, post_id)
            return None
