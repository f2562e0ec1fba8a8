"""Just enough of libp2p, written from its specifications: TCP, multistream-select, Noise XX, yamux."""
