"""Hidden worlds of ranking tasks: a shop with regular customers, and lists of rival offers."""
