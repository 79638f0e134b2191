"""What is said to answer: items, the quotes they stand in, and the names beside them."""
