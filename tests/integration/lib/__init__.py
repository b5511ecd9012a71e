"""What the integration tests share: a gateway, a client, scripted and real backends."""
