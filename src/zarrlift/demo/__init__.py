"""Sample datasets, drawn rather than recorded: something realistic to lift, without a network."""
