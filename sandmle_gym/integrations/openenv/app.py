"""The server as an ASGI application for containers: `uvicorn sandmle_gym.integrations.openenv.app:app`.

It takes clients from everywhere, so the environment variable SANDMLE_TOKEN must hold the token.
"""

import os

from sandmle_gym.integrations.openenv.server import ServerOptions, make_app

app = make_app(ServerOptions(host="0.0.0.0", token=os.environ.get("SANDMLE_TOKEN")))
