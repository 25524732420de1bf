"""What the series families share: how histories are drawn, and what their programs do with them."""
