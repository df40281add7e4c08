package datasets

import (
	"slices"
	"strings"
	"unicode"
)

// splitNames are the names that people give to splits, in lower case, by the split that
// they mean.
var splitNames = map[string]string{
	"train": SplitTrain, "training": SplitTrain,
	"val": SplitVal, "valid": SplitVal, "validation": SplitVal, "dev": SplitVal,
	"test": SplitTest, "testing": SplitTest, "t10k": SplitTest, "eval": SplitTest, "evaluation": SplitTest, "holdout": SplitTest,
	"extra": SplitExtra,
}

// Splits returns the splits that data can have, in the order in which they are joined.
func Splits() []string { return []string{SplitTrain, SplitVal, SplitTest, SplitExtra} }

// splitOf returns the split that the name of a directory means; empty: none.
func splitOf(name string) string { return splitNames[strings.ToLower(name)] }

// splitIn returns the split that a word of a file's name means, such as train in
// train-00000-of-00001.parquet; empty: none.
func splitIn(base string) string {
	words := strings.FieldsFunc(strings.ToLower(base), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for _, word := range words {
		if split := splitNames[word]; split != "" {
			return split
		}
	}
	return ""
}

// splitRank returns the place of a split in their order.
func splitRank(split string) int { return slices.Index(Splits(), split) }

// takes reports whether images of a split belong to the loader's; an empty split means
// that the data have none.
func (l *loader) takes(split string) bool {
	return l.split == SplitAll || split == "" || split == l.split
}
