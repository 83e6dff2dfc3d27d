"""What all tabs share: the canvas, photos, what the browser keeps, and talk with the server."""
