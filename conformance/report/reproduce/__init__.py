"""Scripts that send what led to a breach again: which requests it rests on, and the shell that sends them."""
