"""unsloth is imported before whatever it changes."""

from polyglot.training import unsloth_trainer

unsloth_trainer.make_ready()
