"""What every portal shares of HTTP: the declaration of a route, and the stages between a request and its view."""
