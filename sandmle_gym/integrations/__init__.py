"""Trainers and hubs, one file each, thin over `session.Session`; each is imported only when asked for."""
