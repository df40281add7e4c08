package design

import "strings"

// Text returns an effect in the names of its factors, such as "deal x labels".
func (e Effect) Text(names []string) string {
	var parts []string
	for _, factor := range e.Factors() {
		parts = append(parts, names[factor])
	}
	return strings.Join(parts, " x ")
}

// AliasText returns a group of aliases, such as "deal x labels + steps x size".
func AliasText(group []Effect, names []string) string {
	var parts []string
	for _, e := range group {
		parts = append(parts, e.Text(names))
	}
	return strings.Join(parts, " + ")
}
