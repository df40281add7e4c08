package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"backfire/config"
)

// A configuration starts from the defaults. A preset overrides some of them, and then
// come the configuration file, the environment, --set and the flags, each of which
// overrides the earlier sources. Resolved.Sources holds the provenance of each value.
func ExampleLoad() {
	resolved, err := config.Load(config.Options{
		Preset:  "quick",
		Environ: []string{"BACKFIRE_TRAIN_BATCH=64"},
		Sets:    []string{"attackers.p=0.3", "train.epochs=10"},
		Flags:   map[string]string{"train.epochs": "12"}, // --epochs 12
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(resolved.Config.Train.Epochs, "epochs of batches of", resolved.Config.Train.Batch)
	for _, key := range []string{"train.momentum", "model.width", "train.batch", "attackers.p", "train.epochs"} {
		fmt.Printf("%-14s from %s\n", key, resolved.Sources[key])
	}
	// Output:
	// 12 epochs of batches of 64
	// train.momentum from default
	// model.width    from preset quick
	// train.batch    from env BACKFIRE_TRAIN_BATCH
	// attackers.p    from --set
	// train.epochs   from flag --epochs
}

// A configuration file is YAML. Its sections are nested, or written out as in
// attackers.p. An error names the key, its value, its place and what is allowed.
func ExampleLoad_file() {
	dir, err := os.MkdirTemp("", "backfire-example-")
	if err != nil {
		fmt.Println(err)
		return
	}
	path := filepath.Join(dir, "my.yaml")
	for _, text := range []string{
		"train:\n  epochs: 20\nattackers.p: 0.1\n",
		"train:\n  epochs: 20\nattackers.p: 1.5\n",
		"train:\n  epoch: 20\n",
	} {
		err := os.WriteFile(path, []byte(text), 0o600)
		if err == nil {
			_, err = config.Load(config.Options{File: path})
		}
		if err == nil {
			fmt.Println("accepted")
			continue
		}
		fmt.Println(strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), ""))
	}
	if err := os.RemoveAll(dir); err != nil {
		fmt.Println(err)
	}
	// Output:
	// accepted
	// config: attackers.p = 1.5 (file my.yaml:3): must be a number from 0 to 1
	// config: train.epoch (file my.yaml:2): is not a key; the nearest one is train.epochs
}

// Settings returns every value with its source, as "backfire config show" prints them.
func ExampleResolved_Settings() {
	resolved, err := config.Load(config.Options{Preset: "quick", Sets: []string{"attackers.p0=0.5"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, setting := range resolved.Settings() {
		switch setting.Key {
		case "seed", "pool.size", "attackers.p0", "attackers.p1":
			fmt.Printf("%s = %q (%s)\n", setting.Key, config.Format(setting.Value), setting.Source)
		}
	}
	// Output:
	// seed = "1" (default)
	// pool.size = "5000" (preset quick)
	// attackers.p0 = "0.5" (--set)
	// attackers.p1 = "" (default)
}

// A sweep makes many configurations, its points, from one: here the paper's table 1 for
// two seeds.
func ExampleLoadSweep() {
	sweep, err := config.LoadSweep("table1", config.Options{Sets: []string{"train.epochs=2"}}, 2)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, point := range sweep.Points {
		fmt.Println(point.Config.Seed, point.Name, point.Config.Attackers.Counts, point.Sources["attackers.counts"])
	}
	// Output:
	// 1 N grows [1 2 3 4 5] sweep table1
	// 1 attacker 0 raises p [5] sweep table1
	// 1 attacker 0 raises p0 [5] sweep table1
	// 1 attacker 0 raises its size [5] sweep table1
	// 1 all raise p [5] sweep table1
	// 1 all raise p0 [5] sweep table1
	// 1 all raise their sizes [5] sweep table1
	// 2 N grows [1 2 3 4 5] sweep table1
	// 2 attacker 0 raises p [5] sweep table1
	// 2 attacker 0 raises p0 [5] sweep table1
	// 2 attacker 0 raises its size [5] sweep table1
	// 2 all raise p [5] sweep table1
	// 2 all raise p0 [5] sweep table1
	// 2 all raise their sizes [5] sweep table1
}

// ParseDefender splits a defender into its defenses and their own settings.
func ExampleParseDefender() {
	parts, err := config.ParseDefender("cutmix(alpha=0.2)+agent_augmentation")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, part := range parts {
		fmt.Println(part.Name, part.Own)
	}
	// Output:
	// cutmix [{alpha 0.2}]
	// agent_augmentation []
}
