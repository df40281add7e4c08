package plan

// What the tests of the contract see of the reading of defenders.
var (
	Policies = policies
	PolicyOf = policyOf
)
