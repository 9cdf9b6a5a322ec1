"""Cases: what a desk does about one order problem over days and hands, kept as events in the store."""
