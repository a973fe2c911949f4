"""fm's torch backend; read serve.py first."""
