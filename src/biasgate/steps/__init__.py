"""One function per component: typed inputs and outputs, tracking, no logic of its own."""
