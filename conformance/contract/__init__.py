"""What is promised: the OpenAPI document and the requirement catalogue, read and checked."""
