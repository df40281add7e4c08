package plan

// Names that the tests of the contract see.
var (
	Policies = policies
	PolicyOf = policyOf
)
