"""When mail may go out and how much of it, runs that wait for a person, and what needs one."""
