from backfire._program import program
