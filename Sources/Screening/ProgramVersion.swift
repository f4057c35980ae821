/// Version of the program, recorded in every run.
public let programVersion = "0.1.0"
