package features

// Lloyd is lloyd, for comparison with another implementation from the same
// centroids.
var Lloyd = lloyd

// Leading is leading.
var Leading = leading

// Apart is apart.
var Apart = apart
