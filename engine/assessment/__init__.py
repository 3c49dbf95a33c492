"""How good a map is: figures of pixels, borders and samples, and the report that shows them."""
