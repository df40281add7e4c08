package features

// Lloyd exports lloyd, for comparison with another implementation from the same
// centroids.
var Lloyd = lloyd

// Leading exports leading.
var Leading = leading

// ShiftInvert exports shiftInvert.
var ShiftInvert = shiftInvert
