package census

import (
	"fmt"
	"strings"
)

// phrases are the words for the files of a reason; those of Format and Archive follow a
// list of kinds.
var phrases = map[Reason]string{
	Format:  "formats that are not read; convert them to PNG",
	Archive: "archives among the images; unpack them or move them away",
	Split:   "of another split than the one asked for",
	Beside:  "beside the data",
	Link:    "linking to no image",
	Special: "no regular files",
	Hidden:  "hidden or of other programs",
	Other:   "of other kinds",
}

// mostNames is the largest number of names that a line lists.
const mostNames = 3

// Line returns the census in one line for people. classes are the class names of the
// set, in the order of the labels.
func (c Census) Line(classes []string) string {
	parts := []string{fmt.Sprintf("%s seen, %d read", count(int64(c.Seen), "file", "files"), c.Read)}
	if out := c.leftOut(); out != "" {
		parts = append(parts, "left out: "+out)
	}
	if c.Empty > 0 {
		parts = append(parts, count(int64(c.Empty), "empty folder", "empty folders"))
	}
	if c.Trailing > 0 {
		parts = append(parts, count(c.Trailing, "byte", "bytes")+" behind the end of the archive not read")
	}
	for _, split := range c.Splits {
		parts = append(parts, split.text(classes))
	}
	if c.Resize != "" {
		parts = append(parts, "resized to "+c.Resize)
	}
	if n := len(c.Contributors); n > 0 {
		least, most := c.Contributors[0].Images, 0
		for _, one := range c.Contributors {
			least, most = min(least, one.Images), max(most, one.Images)
		}
		parts = append(parts, fmt.Sprintf("%s with %d to %d images each", count(int64(n), "contributor", "contributors"), least, most))
	}
	if len(classes) == 1 {
		parts = append(parts, "one class only, so that no model can tell it from another")
	}
	if p := c.Pixels; p.Repeated > 0 {
		text := count(int64(p.Repeated), "image repeats", "images repeat") + " the pixels of an earlier one"
		if p.OtherLabel > 0 {
			text += fmt.Sprintf(" (%d under another label)", p.OtherLabel)
		}
		parts = append(parts, text)
	}
	if n := c.Pixels.Constant; n > 0 {
		parts = append(parts, count(int64(n), "image", "images")+" of one value")
	}
	return strings.Join(parts, "; ")
}

// leftOut returns the files that were left out in words.
func (c Census) leftOut() string {
	var texts, kinds []string
	for i, l := range c.LeftOut {
		if l.Reason != Format && l.Reason != Archive {
			texts = append(texts, fmt.Sprintf("%d %s (%s)", l.Files, phrases[l.Reason], l.example()))
			continue
		}
		kinds = append(kinds, fmt.Sprintf("%d %s", l.Files, l.Kind))
		if i+1 == len(c.LeftOut) || c.LeftOut[i+1].Reason != l.Reason {
			texts = append(texts, strings.Join(kinds, " and ")+" ("+phrases[l.Reason]+")")
			kinds = nil
		}
	}
	return strings.Join(texts, ", ")
}

// example returns the name of one of the files.
func (l LeftOut) example() string {
	if l.Files == 1 {
		return l.Example
	}
	return "such as " + l.Example
}

// text returns the counts of a split in words.
func (s SplitCount) text(classes []string) string {
	var without []string
	have := 0
	for label, n := range s.Classes {
		if n > 0 {
			have++
		} else if label < len(classes) {
			without = append(without, fmt.Sprintf("%q", classes[label]))
		}
	}
	text := fmt.Sprintf("%s of %s", count(int64(s.Images), "image", "images"), count(int64(have), "class", "classes"))
	if s.Name != "" {
		text = s.Name + ": " + text
	}
	if n := len(without); n > mostNames {
		without = append(without[:mostNames], fmt.Sprintf("%d more", n-mostNames))
	}
	if len(without) > 0 {
		text += " (none of " + strings.Join(without, ", ") + ")"
	}
	return text
}

// count returns a number with its noun.
func count(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
