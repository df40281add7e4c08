package config

import (
	"fmt"
	"slices"
	"strings"
)

// Reference returns the documentation of all settings as Markdown. The file
// docs/config.md has this text.
func Reference() string {
	var doc strings.Builder
	doc.WriteString(referenceIntroduction)
	for _, section := range sections() {
		title := section
		if title == "" {
			title = "without a section"
		}
		fmt.Fprintf(&doc, "\n### %s\n\n| key | default | allowed | meaning | flag |\n|---|---|---|---|---|\n", title)
		for _, key := range declared() {
			if key.section() == section {
				fmt.Fprintf(&doc, "| `%s` | %s | %s | %s | %s |\n",
					key.Name, tableCell(key.DefaultText()), tableCell(key.Values()), tableCell(key.Help), flagText(key))
			}
		}
	}
	doc.WriteString("\n## Environment variables\n\n" +
		"The variable of a key is `" + envPrefix + "` followed by the key in capitals, with `_` for the dot:\n" +
		"`train.weight_decay` is `BACKFIRE_TRAIN_WEIGHT_DECAY`. An empty variable counts as not set. The\n" +
		"program refuses any other variable that begins with `" + envPrefix + "`, apart from the table's and\n" +
		"from those that Kubernetes sets for a service and Docker for a link (`BACKFIRE_PORT`,\n" +
		"`BACKFIRE_STORE_SERVICE_HOST`, `BACKFIRE_PORT_6006_TCP_ADDR`), which it ignores:\n\n" +
		"| variable | meaning |\n|---|---|\n")
	for _, key := range declared() {
		for _, alias := range key.Env[1:] {
			fmt.Fprintf(&doc, "| `%s` | another name of `%s`, which overrides it |\n", alias, key.Env[0])
		}
	}
	for _, variable := range Variables() {
		fmt.Fprintf(&doc, "| `%s` | %s |\n", variable.Name, tableCell(variable.Help))
	}
	doc.WriteString("\n## Presets\n\n`--preset NAME` starts from one of these. `backfire config presets NAME` prints it with a\n" +
		"comment for every value.\n\n| preset | contents |\n|---|---|\n")
	for _, preset := range Presets() {
		fmt.Fprintf(&doc, "| `%s` | %s |\n", preset, tableCell(PresetSummary(preset)))
	}
	doc.WriteString(referenceSweeps)
	for _, name := range Sweeps() {
		fmt.Fprintf(&doc, "| `%s` | %s |\n", name, tableCell(sweepTitle(name)))
	}
	return doc.String()
}

const referenceSweeps = `
## Sweeps

A sweep is a YAML file that makes many configurations, its points, from one. It has these keys, of
which only the name is required:

| key | value |
|---|---|
| ` + "`name`" + `, ` + "`title`" + ` | a short name, and one line that describes the sweep |
| ` + "`preset`" + ` | the preset to start from, unless ` + "`--preset`" + ` names another one |
| ` + "`base`" + ` | settings of all points, written as in a configuration file |
| ` + "`presets`" + ` | for each preset that needs them: settings that override those of base with that preset |
| ` + "`list`" + ` | a list of points, each with the settings in which it differs and, optionally, a name |
| ` + "`grid`" + ` | for each key a list of values: every combination of them, for each point of the list |
| ` + "`verify`" + ` | settings that override a point's own in the single games in which its triggers are verified (` + "`trigger.min_single_asr`" + `); the point plays with the triggers that are kept there |
| ` + "`primary`" + ` | what is fixed before anything is trained, and part of the sweep's hash: ` + "`claims`" + `, the list of claims (C1 to C8) whose verdicts are corrected together, so that all other answers are exploratory; ` + "`reading`" + `, values of keys in which the points differ, of the points by which these claims are judged, all points without it; ` + "`margins`" + `, the sizes of effects that count (` + "`effect`" + ` of ASR and lift, 0.05; ` + "`accuracy`" + `, 0.01; ` + "`correlation`" + `, 0.5); ` + "`looks`" + `, the numbers of seeds after which the verdicts are to be read |
| ` + "`seeds`" + ` | the number of seeds, from the key ` + "`seed`" + ` on, or a list of seeds; every point is repeated for each |

The settings of the points override all others. It is an error to set one of their keys by
environment, ` + "`--set`" + ` or flag. All other keys can be changed that way: a sweep's base comes after the
preset and before the configuration file. The whole file is checked before anything is done. Equal
points are made once, and there are at most 10,000. This sweep has 2 x 2 x 3 points:

` + "```yaml" + `
name: pool and p
preset: quick
base:
  attackers: {counts: [1, 5], singles: 0}
grid:
  pool.size: [2500, 5000]
  attackers.p: [0.1, 0.2]
seeds: 3
` + "```" + `

These sweeps are part of the program:

| sweep | contents |
|---|---|
`

const referenceIntroduction = `# Configuration

<!-- Written by "go test ./config -regen" from config/config.go; do not edit. -->

A setting has one key, such as ` + "`attackers.p`" + `, always written in lower case with underscores. Its
value comes from the last of these sources that has one:

1. the default;
2. a preset: ` + "`--preset quick`" + `;
3. a configuration file: ` + "`--config my.yaml`" + ` (YAML; sections are nested, or written out as
   ` + "`attackers.p: 0.3`" + `);
4. the environment: ` + "`BACKFIRE_ATTACKERS_P=0.3`" + `;
5. ` + "`--set attackers.p=0.3`" + `, which works for every key and can be repeated;
6. the flags of the common keys: ` + "`--p 0.3`" + `.

A value means the same in every source: it is read as text, and the key's type decides what the text
stands for. ` + "`label: 00014`" + ` is the class 00014 and ` + "`label: no`" + ` the class no, with or without quotes;
YAML's own types do not count, and neither do spaces around a value.

| type | texts |
|---|---|
| whole number | digits, of which the first may be zeros: ` + "`010`" + ` is ten; ` + "`0x1F`" + `, ` + "`0o17`" + `, ` + "`0b11`" + `; a decimal number without a fraction, such as ` + "`7.0`" + ` or ` + "`1e3`" + `; single underscores between digits |
| number | as a whole number, or ` + "`0.3`" + `, ` + "`.5`" + `, ` + "`1e-3`" + `; infinities and NaN are refused |
| true or false | ` + "`true`" + `, ` + "`True`" + `, ` + "`TRUE`" + `, ` + "`t`" + `, ` + "`T`" + `, ` + "`1`" + `, or the same for false; ` + "`yes`" + ` and ` + "`on`" + ` are refused |
| text | as it is |
| path (` + "`data.path`" + `, ` + "`data.dir`" + `, ` + "`store`" + `, ` + "`trigger.files`" + `, ` + "`trigger.command`" + `) | as it is; ` + "`~/`" + ` at the beginning is the home directory (` + "`HOME`" + `), any other ` + "`~`" + ` at the beginning is refused |

A list is written ` + "`[1, 2, 5]`" + ` in a file and ` + "`1,2,5`" + ` elsewhere. An element with a comma stands in
double quotes, in which two of them are one: ` + "`--set 'attackers.targets=\"coat, red\",bird'`" + `. A list
replaces the whole list of an earlier source. To unset a key whose default is "unset", write ` + "`null`" + `
or nothing: ` + "`--set attackers.p0=`" + `.

A target class is given by its name or, if no class has that name, by its position: ` + "`#3`" + ` is the
fourth class. Where no class name is a number, ` + "`3`" + ` means the same. In YAML the ` + "`#`" + ` needs quotes:
` + "`label: '#3'`" + `.

A file may use anchors, aliases and merge keys (` + "`<<: *name`" + `), and its document may begin with ` + "`---`" + `
and end with ` + "`...`" + `. Anchors may stand below any key of the document that begins with ` + "`x-`" + `, which is
not read otherwise, and at any key that is not a setting, if an alias uses them.

Before it does anything else, the program refuses an unknown key, a value of the wrong type and a
value that is not allowed, in whichever source it is. It also refuses settings without effect, such
as rates for more attackers than any game has, the size of a box for triggers that are pictures, or
a momentum for an optimiser that has none, unless they equal the default or come from a preset or a
sweep of the program. In a sweep it is enough that one point reads them. The settings of a defense
are exempt: no defender needs to have it.

` + "`backfire config show`" + ` prints the resolved settings with the source of each. With
` + "`--format yaml`" + ` it prints a file that resolves to the same settings.

## Keys
`

// section returns the key's section; empty if it has none.
func (k Key) section() string {
	section, _, nested := strings.Cut(k.Name, ".")
	if !nested {
		return ""
	}
	return section
}

// sections returns the sections in the order of their declaration.
func sections() []string {
	var names []string
	for _, key := range declared() {
		if !slices.Contains(names, key.section()) {
			names = append(names, key.section())
		}
	}
	return names
}

// flagText returns the key's flag as code in Markdown; empty if it has none.
func flagText(k Key) string {
	if k.Flag == "" {
		return ""
	}
	return "`--" + k.Flag + "`"
}

// tableCell escapes text for a cell of a Markdown table.
func tableCell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
