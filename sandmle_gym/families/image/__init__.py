"""What the families of pictures share: drawing, the budget of visible factors, traps, witness programs."""
