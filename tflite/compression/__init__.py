"""Fine-tuning a network so that it becomes smaller or quantises better."""
