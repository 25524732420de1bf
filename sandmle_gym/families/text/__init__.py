"""Generators that the families of text and sequences share: invented words, spelling noise, number words."""
