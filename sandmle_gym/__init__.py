"""Small, certified machine-learning-engineering tasks for training LLM agents."""
