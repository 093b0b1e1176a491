"""CVmatcher: self-hosted search over CVs in plain language, with reasons that code has checked."""
