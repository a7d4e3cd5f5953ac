"""The OpenAPI document, made from the declarations of the routes, and the page that shows it."""
