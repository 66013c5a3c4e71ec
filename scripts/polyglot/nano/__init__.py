"""The embedded study's world: templated text in several languages, and nano models that learn it."""
