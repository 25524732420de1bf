"""What the audio families share: how sounds are made, and how clips become files."""
