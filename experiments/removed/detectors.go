package removed

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// The parts of the name of a DetectorFile.
const (
	detectorBegin = "detection-"
	detectorEnd   = ".json"
	detectorHash  = 16 // digits
)

// DetectorFile returns the name of the file of a result that counts what a filter with settings of its own finds,
// given its stack as cell.StackText writes it. It has the format of DetectionFile.
func DetectorFile(stack string) string {
	sum := sha256.Sum256([]byte(stack))
	return detectorBegin + hex.EncodeToString(sum[:])[:detectorHash] + detectorEnd
}

// IsDetectorFile reports whether a name may be that of a DetectorFile.
func IsDetectorFile(name string) bool {
	return strings.HasPrefix(name, detectorBegin) && strings.HasSuffix(name, detectorEnd) && len(name) == len(DetectorFile(""))
}

// Lines joins two lists of lines without spaces, such as stacks as cell.StackText writes them: each line once, in
// ascending order.
func Lines(a, b string) string {
	lines := slices.Sorted(slices.Values(slices.Concat(strings.Fields(a), strings.Fields(b))))
	return strings.Join(slices.Compact(lines), "\n")
}
