"""One file (or folder) per trainer or hub, thin over `Session`, imported only when asked for."""
