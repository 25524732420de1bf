"""OpenEnv (extra `openenv`): `sandmle serve` and everything behind it."""
