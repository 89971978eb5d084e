"""The harness: asks methods, measures answers, writes records."""
