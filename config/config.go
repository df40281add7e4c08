// Package config declares every setting of a run and resolves its value.
//
// [Config] is the only declaration of the settings. The tags of a field describe
// its key, and everything else is derived from them: the default, the environment
// variable, the command-line flag, the check of the value, the documentation.
//
//	key      name within its section, lower-case with underscores
//	help     one line of description, with the unit
//	default  the value without a preset; a key without it is unset, which only pointers and lists may be
//	range    an interval such as [0,1], (0,1), [2,); of each element for lists
//	oneof    the allowed words, separated by spaces; "cuda:K" stands for any number K, "cuda:K,K" for any list, and so does "K" alone
//	path     "yes" if the value names a file or a directory: ~/ becomes the home directory
//	flag     the name of a command-line flag of its own (every key has --set key=value)
//	env      another environment variable beside BACKFIRE_SECTION_KEY
//
// A new setting is one new field with these tags. Rules that concern several keys
// are in validate.go. "go test ./config -regen" rewrites docs/config.md.
//
// [Load] takes values from these sources, of which a later one overrides the
// earlier ones: defaults, preset, configuration file, environment, --set, flags.
// It promises that every accepted configuration is within its declared ranges and
// free of contradictions, and that the source of every value is known.
package config

import "strings"

// Config is one resolved configuration. The commands pass its parts on as plain
// values. No other package reads files or the environment for settings.
type Config struct {
	Seed      uint64    `key:"seed" default:"1" flag:"seed" help:"the seed from which every random decision is derived"`
	Seeds     Seeds     `key:"seeds"`
	Data      Data      `key:"data"`
	Pool      Pool      `key:"pool"`
	Deal      Deal      `key:"deal"`
	Attackers Attackers `key:"attackers"`
	Trigger   Trigger   `key:"trigger"`
	ASR       ASR       `key:"asr"`
	Model     Model     `key:"model"`
	Train     Train     `key:"train"`
	Defenders []string  `key:"defenders" default:"none" flag:"defenders" help:"defenders that train on the same deal: none, or defenses joined by +, such as cutmix+agent_augmentation, each with settings of its own if you like, as in cutmix(alpha=0.2 probability=0.5); none is played in any case; indexing_grouped, indexing_sliced and indexing_unknown are variants of indexing"`

	// Defenses holds the settings of the defenses, each in a section of its name, as the
	// registry of package defenses declares them.
	Defenses DefenseSettings `key:"-"`

	Artefacts Artefacts `key:"artefacts"`

	Device  string `key:"device" default:"auto" oneof:"auto cpu cuda cuda:K cuda:K,K all" flag:"device" help:"device to train on; auto takes a GPU if there is one; all trains on every GPU of the machine, and a list such as cuda:0,1 on these; to ask a stored model, the first of them is used"`
	Workers int    `key:"workers" default:"0" range:"[0,)" flag:"workers" help:"models trained at the same time, on a CPU each in its own process; 0 chooses a number by the cores, the free memory of the machine and of the GPU, and on a GPU by a short measurement"`
	Threads int    `key:"threads" default:"0" range:"[0,)" help:"CPU threads per worker; 0: one, and also the cores that no other model needs where that changes no bit (resnet18 in fp32 with train.kernels auto); another number changes the last bits of the results elsewhere"`
	Store   string `key:"store" default:"runs" path:"yes" flag:"store" help:"directory of the run store"`
}

// Data selects the images of the game.
type Data struct {
	Name         string `key:"name" default:"embedded" oneof:"embedded mnist fashion-mnist cifar10 folder" flag:"dataset" help:"dataset; embedded is the 10,000 test images of Fashion-MNIST, which are part of the program; folder is images of your own"`
	Path         string `key:"path" default:"" path:"yes" help:"file or directory of the dataset itself; empty: looked for below data.dir"`
	Split        string `key:"split" default:"auto" oneof:"auto train val test extra all" help:"part of the dataset to use; auto: train for mnist and fashion-mnist, all for the others"`
	Resize       string `key:"resize" default:"" help:"size and filter to which all images are brought, such as 32x32 bilinear (width x height); filters: bilinear, catmull_rom, nearest; empty: images must have one size"`
	Contributors string `key:"contributors" default:"none" oneof:"none folders column" help:"contributors of the images, who become the agents of the game, each with a seat of its own size; folders: the folder above the classes (and splits) names the contributor; column: the column source of a Parquet table; none: images are dealt at random"`
	Dir          string `key:"dir" default:"" path:"yes" env:"BACKFIRE_DATA" help:"data directory, which has one directory per dataset; empty: the directory that backfire data fetch writes to"`
}

// Seeds sets the seeds of parts of a game, so that the noise of one can be told from
// that of the others.
type Seeds struct {
	Deal     *uint64 `key:"deal" help:"seed of the deal: the pool, who owns and holds out which image, and which are poisoned; unset: seed"`
	Triggers *uint64 `key:"triggers" help:"seed of the triggers and of random target labels; unset: seed"`
	Training *uint64 `key:"training" help:"seed of the training: initial weights, order of the images, a defense's draws; unset: seed"`
	// Trainings counts the trainings of every game.
	Trainings int `key:"trainings" default:"1" range:"[1,)" flag:"training-seeds" help:"trainings of every game and of its matched singles, on one deal and with the same triggers; the first has the seed of the training, the others have seeds drawn from it. Tables then tell how much of the spread over the seeds is the training's, and the mean over the trainings is the figure of a seed"`
}

// DealSeed returns the seed of the deal.
func (c Config) DealSeed() uint64 { return orElse(c.Seeds.Deal, c.Seed) }

// TriggerSeed returns the seed of the triggers and of random target labels.
func (c Config) TriggerSeed() uint64 { return orElse(c.Seeds.Triggers, c.Seed) }

// TrainingSeed returns the seed of the training.
func (c Config) TrainingSeed() uint64 { return orElse(c.Seeds.Training, c.Seed) }

// Pool sets the number of images in the game.
type Pool struct {
	Size int `key:"size" default:"0" range:"[0,)" flag:"pool" help:"images in the pool, a class-balanced random draw from the dataset; 0 takes the whole dataset"`
}

// Deal sets the shares in which the pool is dealt.
type Deal struct {
	DefenderShare float64 `key:"defender_share" default:"0.4" range:"(0,1)" help:"share of the pool that the defender owns; the rest is split equally into seats"`
	HeldOut       float64 `key:"held_out" default:"0.2" range:"(0,1)" help:"share of each participant's images that is held out for measuring; the rest is contributed to the training set"`
	Seats         string  `key:"seats" default:"max" oneof:"max n K" flag:"seats" help:"number of seats; an attacker takes one, and each other seat belongs to an honest contributor, who poisons nothing; max: as many as the largest game of the run or sweep has attackers, so that an attacker owns the same images whatever N is; n: as many as attackers, so that a lone attacker owns N times the images of one among N; or a number"`
}

// Attackers describes the attackers of every game. They are numbered from 0.
// Entry i of a list belongs to attacker i in every game in which it takes part, so
// a list may be longer than the number of attackers in a game.
type Attackers struct {
	Counts       []int     `key:"counts" default:"1,2,3,4,5" range:"[1,)" flag:"attackers" help:"numbers of attackers; one game is played for each"`
	Seats        []int     `key:"seats" range:"[0,)" help:"the seats of the attackers in ascending order, which are also their numbers; the game of N attackers has the first N of them; empty: the seats from 0 on"`
	Singles      int       `key:"singles" default:"5" range:"[-1,)" help:"number K: the first K attackers, at most as many as the largest game has, are also played alone with the images that they have among the others (the matched single), and with deal.seats = n alone with all images, too; -1 for all, 0 for none"`
	Transfers    int       `key:"transfers" default:"0" range:"[-1,)" help:"number K: for each of the first K attackers, every game is also played with that attacker poisoning nothing, which shows what its trigger does to a model that never saw it; -1 for all, 0 for none"`
	Labels       string    `key:"labels" default:"same" oneof:"same random list" help:"choice of target labels; same: attackers.label for all; random: one at random for each; list: attackers.targets"`
	Label        string    `key:"label" default:"#2" help:"target class of all attackers, with labels: same: its name, or # and its position, from #0 on; the # may be left out where no class name is a number"`
	Targets      []string  `key:"targets" help:"target class of attacker i, with labels: list, written as attackers.label"`
	P            float64   `key:"p" default:"0.2" range:"[0,1]" flag:"p" help:"value of poison rate p0 and of trigger sizes p1 and p2 where these are unset"`
	P0           *float64  `key:"p0" range:"[0,1]" help:"poison rate: share of an attacker's contributed images that carries its trigger; unset: p"`
	P1           *float64  `key:"p1" range:"[0,1]" help:"size of the trigger's box, as a share of what trigger.range names; unset: p"`
	P2           *float64  `key:"p2" range:"[0,1]" help:"share of the pixels in the box that is perturbed; unset: p"`
	Rates        []float64 `key:"rates" range:"[0,1]" help:"p of attacker i instead of attackers.p; attackers beyond the list keep attackers.p"`
	PoisonRates  []float64 `key:"poison_rates" range:"[0,1]" help:"poison rate p0 of attacker i instead of that of attackers.p0, rates and p; attackers beyond the list keep theirs"`
	TriggerSizes []float64 `key:"trigger_sizes" range:"[0,1]" help:"trigger sizes p1 and p2 of attacker i instead of those of attackers.p1, p2, rates and p; attackers beyond the list keep theirs"`
	BoxSizes     []float64 `key:"box_sizes" range:"[0,1]" help:"trigger size p1 of attacker i instead of that of trigger_sizes and the keys that it replaces; attackers beyond the list keep theirs"`
	PixelShares  []float64 `key:"pixel_shares" range:"[0,1]" help:"share of perturbed pixels p2 of attacker i instead of that of trigger_sizes and the keys that it replaces; attackers beyond the list keep theirs"`
	Kinds        []string  `key:"kinds" oneof:"random square checkerboard dots blended sinusoidal low_variance orthogonal patch two wanet" help:"kind of the trigger of attacker i instead of trigger.kind; attackers beyond the list keep it"`
	Colluders    []string  `key:"colluders" help:"attackers that use the trigger and target label of another attacker, as pairs: 1=0,3=0 gives attackers 1 and 3 those of attacker 0; all other triggers must differ"`
	Budget       string    `key:"budget" default:"non_target" oneof:"non_target any" help:"images of which p0 poisons some, with label_mode: dirty; non_target: those that are not of the target class; any: all, so that an image of the target class may be stamped and keeps its label"`
	Mapping      string    `key:"mapping" default:"all_to_one" oneof:"all_to_one all_to_all source_specific" help:"labels that attackers want for images with their triggers; all_to_one: the target label for all; all_to_all: for class y the next class, and the first one for the last (attackers.label has no effect); source_specific: the target label for images of attackers.sources alone, which alone are poisoned and counted"`
	Sources      []string  `key:"sources" help:"classes whose images are attacked, with mapping: source_specific, written as attackers.label"`
	LabelMode    string    `key:"label_mode" default:"dirty" oneof:"dirty clean" help:"dirty: poisoned images get the target label; clean: only images of the target class are poisoned, and they keep their label"`
}

// Trigger selects the kind of triggers, the reading of the paper's
// random_array(dim, p1, p2), and the ASR that a trigger must reach alone.
type Trigger struct {
	Kind  string   `key:"kind" default:"random" oneof:"random square checkerboard dots blended sinusoidal low_variance orthogonal image patch two wanet adversarial exec" help:"kind of the triggers; random: the paper's pattern of random pixels; square, checkerboard, dots: boxes and pixels of few colours; blended: a random pattern of opacity p2; sinusoidal: a wave of height p2; low_variance: a fine grain of height p2 (these three usually with attackers.p1=1); orthogonal: patterns of 0 and 255 on the same pixels for all attackers, any two of which are orthogonal; patch: a square of one colour (trigger.place, side, colour, alpha), as in BadNets; two: two random ones on one image; wanet: a smooth warp of the whole image of strength p2 (the paper of WaNet: 0.5); adversarial: the change of at most trigger.epsilon that leads a surrogate, which each attacker trains on its own images, to the target class; image: pictures of your own (trigger.files); exec: a program of your own makes the trigger of each attacker (trigger.command, docs/python.md); all but these two are drawn for each attacker"`
	Files []string `key:"files" path:"yes" help:"with kind: image, the PNG of attacker i, in the size of the images: opaque pixels are part of the trigger, black ones too, and transparent pixels are not; backfire import-trigger makes such a file from any picture"`

	Command string `key:"command" default:"" path:"yes" help:"with kind: exec, the program: an executable file, a file NAME.py, or a directory with main or __main__.py"`
	Version string `key:"version" default:"" help:"with kind: exec, what you call the program's version; results name it beside the program's SHA-256"`
	Limit   int    `key:"limit" default:"600" range:"[1,)" help:"with kind: exec, longest time in seconds that the program may take for one attacker"`

	Place  string  `key:"place" default:"random" oneof:"random top_left top_right bottom_left bottom_right center" help:"with kind: patch, its place, one pixel from the edge; random: drawn for each attacker"`
	Side   int     `key:"side" default:"0" range:"[0,)" help:"with kind: patch, the side of the square in pixels (0: 3); with kind: wanet, the points along the grid of the warp (0: 4)"`
	Colour string  `key:"colour" default:"random" help:"with kind: patch, its colour as #rrggbb, or white, black, red, green, blue or yellow; random: drawn for each attacker"`
	Alpha  float64 `key:"alpha" default:"1" range:"(0,1]" help:"with kind: patch, its opacity"`

	Epsilon        float64 `key:"epsilon" default:"16" range:"[1,127]" help:"with kind: adversarial, the largest change of a pixel's value, in 8-bit units"`
	Steps          int     `key:"steps" default:"10" range:"[1,10000]" help:"with kind: adversarial, the steps of projected gradient descent towards the target class"`
	StepSize       float64 `key:"step_size" default:"4" range:"(0,127]" help:"with kind: adversarial, the change of a value in one of these steps, in 8-bit units"`
	SurrogateSteps int     `key:"surrogate_steps" default:"300" range:"[1,1000000]" help:"with kind: adversarial, the training steps of each attacker's surrogate, a network of two convolutions, on batches of 32 of its own images; on one core of a current processor 300 steps take about a second for images of 1x28x28 values, and proportionally more for larger ones"`

	Range    string `key:"range" default:"per_dimension" oneof:"per_dimension area whole" help:"reading of p1: the box's share of the height and of the width, or its share of the area; whole: there is no box and no p1, and each pixel of the image is perturbed with probability p2, independently"`
	Sampling string `key:"sampling" default:"per_agent" oneof:"per_agent per_image" help:"number of patterns: one per attacker, or another one for every image"`

	Jitter float64 `key:"jitter" default:"0" range:"[0,1]" help:"share of the pixels of a pattern that is drawn afresh for every image, with sampling: per_agent: 0 is one pattern per attacker, 1 is sampling: per_image, and what lies between makes attackers harder to tell apart the larger it is"`

	MinSingleASR float64 `key:"min_single_asr" default:"0" range:"[0,1]" help:"ASR that a pattern must reach in the game in which its attacker is alone (attackers.singles); a pattern below that is replaced by another draw, up to 10 times, and the best one is kept; with sampling: per_agent; 0 takes every first pattern; the sweeps table1 and table2 set 0.8"`
}

// ASR selects the reading of the attack success rate.
type ASR struct {
	ExcludeTargetClass bool   `key:"exclude_target_class" default:"true" help:"leave out images whose true label is the target label already"`
	Denominator        string `key:"denominator" default:"own" oneof:"own pooled" help:"held-out images that count: the attacker's own, or those of all attackers, of which only its own are stamped"`
}

// Model describes the ResNet-18.
type Model struct {
	Architecture string `key:"architecture" default:"resnet18" oneof:"resnet18 resnet34 preact_resnet18 resnet9 vgg11_bn smallcnn" help:"network; on a CPU in fp32 only resnet18 with the stem for small images has kernels of its own, and libtorch's gradient graph computes the others"`
	Stem         string `key:"stem" default:"small" oneof:"small large" help:"beginning of a ResNet; small: a 3x3 convolution, for images of about 32 pixels; large: a 7x7 convolution of stride 2 and max-pooling, for about 224 pixels"`
	Width        int    `key:"width" default:"64" range:"[1,1024]" flag:"width" help:"channels of the first stage, doubled at each of the next stages; 64 is the full network"`
	File         string `key:"file" default:"" path:"yes" help:"file of a TorchScript module of your own that is trained in place of a built-in network, as scripts/torchscript_module.py makes it; its weights are the initial ones; model.architecture, stem and width have no effect then; empty: model.architecture"`
	Weights      string `key:"weights" default:"" path:"yes" help:"safetensors file of initial weights under torchvision's names, as scripts/initial_weights.py makes it from a PyTorch state dict; conv1 and fc may differ in shape or be missing, and are then drawn; empty: all weights are drawn"`
}

// Train describes the training of one model.
type Train struct {
	Epochs      int     `key:"epochs" default:"50" range:"[1,)" flag:"epochs" help:"passes over the training set"`
	Batch       int     `key:"batch" default:"32" range:"[2,)" help:"images per training step; batch normalisation needs at least 2"`
	Optimizer   string  `key:"optimizer" default:"sgd" oneof:"sgd adam adamw" help:"update rule"`
	LR          float64 `key:"lr" default:"0.1" range:"(0,)" help:"learning rate; the peak of a schedule"`
	Momentum    float64 `key:"momentum" default:"0.9" range:"[0,1)" help:"momentum of sgd"`
	WeightDecay float64 `key:"weight_decay" default:"5e-4" range:"[0,1]" help:"weight decay"`
	Nesterov    bool    `key:"nesterov" default:"false" help:"Nesterov's momentum for sgd"`
	Schedule    string  `key:"schedule" default:"onecycle" oneof:"onecycle cosine constant" help:"schedule of the learning rate over all steps"`
	StopWhen    string  `key:"stop_when" default:"" help:"condition that ends a training early, after an epoch: loss < 0.01, or loss < 0.01 for 2 epochs, which must follow each other; the loss is the mean over the images of an epoch, each before its own step; the schedule stays that of train.epochs; empty: none"`
	Precision   string  `key:"precision" default:"fp32" oneof:"auto fp32 tf32 bf16" flag:"precision" help:"arithmetic of convolutions and matrix products, in training and prediction; each gives another model; fp32 is the reference; bf16: bfloat16; tf32: NVIDIA's format, on GPUs only; auto: bf16 on a GPU that has it and on a CPU on which a short measurement finds it clearly faster, otherwise fp32"`
	Kernels     string  `key:"kernels" default:"auto" oneof:"auto direct" help:"kernels of the convolutions on a CPU in fp32; auto: backfire's own, which give the same bits on every processor, Winograd's algorithm for most layers; direct: direct sums by libtorch, in more time; each gives another model, whose roundings differ"`

	ScoreEvery  int `key:"score_every" default:"0" range:"[0,)" help:"learning curves: after every so many epochs each attacker's ASR, lift and standard accuracy are measured, which does not change the trained model; a stored result without them is retrained; 0 measures at the end alone"`
	ScoreImages int `key:"score_images" default:"25" range:"[0,)" help:"held-out images of each attacker that learning curves are measured on, and five times as many of the defender's; 0 takes all"`
}

// The values of Artefacts.Model.
const (
	ModelSmall  = "auto"  // small models are stored
	ModelAlways = "true"  // all models are stored
	ModelNever  = "false" // none is
)

// Artefacts selects files that are stored with results on request only. A stored
// result that lacks a requested file gets it, and is retrained only for a model or a
// learning curve.
type Artefacts struct {
	Model    string `key:"model" default:"auto" oneof:"auto true false" help:"store the trained model with each result, as model.safetensors; auto: where it is smaller than 5 MB (width 16 or less)"`
	Triggers bool   `key:"triggers" default:"false" help:"store each attacker's trigger with each result, as triggers/attacker-ID.png with the mask as alpha"`
	Images   string `key:"images" default:"none" oneof:"none folder npz" help:"store the poisoned training set with each result: as images/LABEL/ROW.png or as training.npz"`

	Detection bool     `key:"detection" default:"false" help:"have spectral signatures and activation clustering, each with the default settings of the defense of that name, look for poisoned images by the features of each trained model, and store how many of each agent's they find as detection.json; nothing is removed and nothing is trained"`
	Detectors []string `key:"detectors" help:"further filters that look for poisoned images as with artefacts.detection, in the notation of defenders, as in spectral_signatures(epsilon=0.2); settings left out have the defaults of the defense"`

	Divergence bool `key:"divergence" default:"false" help:"measure with each trained model how far every agent's features of a class lie from those of all agents (MMD and Jensen-Shannon), and store it as divergence.json; tables then settle claim C8"`
}

// Largest returns the number of attackers in the largest game, 0 without games.
func (a Attackers) Largest() int {
	largest := 0
	for _, n := range a.Counts {
		largest = max(largest, n)
	}
	return largest
}

// PlayedAlone returns how many attackers, the first ones, are also played alone:
// Singles, but never more than the largest game has.
func (a Attackers) PlayedAlone() int { return a.first(a.Singles) }

// Transferred returns how many attackers, the first ones, are also played poisoning
// nothing: Transfers, but never more than the largest game has.
func (a Attackers) Transferred() int { return a.first(a.Transfers) }

// first returns k, but at most the number of attackers in the largest game, which a
// negative k stands for.
func (a Attackers) first(k int) int {
	if k < 0 {
		return a.Largest()
	}
	return min(k, a.Largest())
}

// IDs returns the numbers of the attackers in the largest game.
func (a Attackers) IDs() []int {
	ids := make([]int, a.Largest())
	for i := range ids {
		if ids[i] = i; i < len(a.Seats) {
			ids[i] = a.Seats[i]
		}
	}
	return ids
}

// SeatsNeeded returns the smallest number of seats that has one for every attacker.
func (a Attackers) SeatsNeeded() int {
	needed := 0
	for _, id := range a.IDs() {
		needed = max(needed, id+1)
	}
	return needed
}

// The values of deal.seats that are no numbers.
const (
	SeatsMax = "max"
	SeatsN   = "n"
)

// SeatCount returns the number of seats of every game, given the number that the
// largest game of the run or sweep needs; 0 if each game has as many as attackers.
func (d Deal) SeatCount(largest int) int {
	switch d.Seats {
	case SeatsMax:
		return largest
	case SeatsN:
		return 0
	default:
		seats, _ := parseInt(d.Seats) // seatsFit has checked it
		return seats
	}
}

// Strength returns poison rate p0 and trigger sizes p1 and p2 of an attacker: its entries
// of PoisonRates, BoxSizes and PixelShares, or for both sizes that of TriggerSizes. Without
// them they are P0, P1 and P2 where these are set, and otherwise the attacker's entry of
// Rates, or P if it has none.
func (a Attackers) Strength(attacker int) (p0, p1, p2 float64) {
	p := a.P
	if attacker < len(a.Rates) {
		p = a.Rates[attacker]
	}
	p0, p1, p2 = orElse(a.P0, p), orElse(a.P1, p), orElse(a.P2, p)
	if attacker < len(a.PoisonRates) {
		p0 = a.PoisonRates[attacker]
	}
	if attacker < len(a.TriggerSizes) {
		p1, p2 = a.TriggerSizes[attacker], a.TriggerSizes[attacker]
	}
	if attacker < len(a.BoxSizes) {
		p1 = a.BoxSizes[attacker]
	}
	if attacker < len(a.PixelShares) {
		p2 = a.PixelShares[attacker]
	}
	return p0, p1, p2
}

// Leader returns the attacker whose trigger and target label an attacker uses:
// itself, unless an entry of Colluders names another one.
func (a Attackers) Leader(attacker int) int {
	for _, pair := range a.Colluders {
		if colluder, leader, ok := parsePair(pair); ok && colluder == attacker {
			return leader
		}
	}
	return attacker
}

// parsePair reads an entry of Colluders, such as 1=0; ok is false for any other text.
func parsePair(text string) (colluder, leader int, ok bool) {
	left, right, _ := strings.Cut(text, "=")
	colluder, err := parseInt(left)
	if err != nil {
		return 0, 0, false
	}
	leader, err = parseInt(right)
	return colluder, leader, err == nil
}

// orElse returns *value, or fallback where value is unset.
func orElse[T any](value *T, fallback T) T {
	if value == nil {
		return fallback
	}
	return *value
}
