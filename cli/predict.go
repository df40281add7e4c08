package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"backfire/config"
	"backfire/defenses/detect"
	"backfire/experiments/inference"
)

// agentUnknown is the --agent of queries whose agent is to be guessed.
const agentUnknown = "unknown"

// PredictOptions are the options of "predict".
type PredictOptions struct {
	StoredModelsOptions
	IO    *IOStreams
	Files []string // pictures
	JSON  bool     // a line of JSON per image

	Run       string // hash of a summary or result, or the beginning of it
	Point     string // of a sweep; empty: there is one
	Seed      string // likewise
	Attackers int    // number of attackers of the game; 0: there is one game
	Defender  string // empty: the only one beside the undefended twin

	Agent      string // ID, agentUnknown, or empty: no index
	Similarity string // how agentUnknown is guessed
	Batch      bool   // all images are one query

	Resize  bool
	Trigger int // ID of the attacker whose trigger is stamped on the images; -1: none
	Sample  int // held-out images in place of files; 0: files
}

// noTrigger is the Trigger of images that stay as they are.
const noTrigger = -1

// NewCmdPredict returns the command that asks stored models about images.
func NewCmdPredict(streams *IOStreams, runF func(context.Context, *PredictOptions) error) *cobra.Command {
	opts := &PredictOptions{StoredModelsOptions: newStoredModelsOptions(streams), IO: streams}
	cmd := &cobra.Command{
		Use:   "predict --run RUN [--agent ID|unknown] IMAGE...",
		Short: "Ask a defender's stored models what images show",
		Long: `Do what a defender does with a query: choose the model that answers, and print the
label, its probability, and which model answered and why. A query under agent
indexing comes with the index of the agent that it is from: with --agent ID the
model answers that never saw that agent's images. With --agent unknown the agent is
guessed: the one whose contribution is most similar to the image, or with --batch
to all images together, in the features of the model of everybody's images. Where
indexing.update is unlearn, that model answers after it has unlearned the agent.

RUN is the hash of a summary (DIR/plans/HASH) or of one result, or the beginning of
it. Its models must be stored (artefacts.model=true). The images are PNG or JPEG
files of the dataset's size, or with --sample held-out images of the defender.
--trigger ID stamps an attacker's trigger on them first; with --sample they are then
held-out images of that attacker.`,
		Example: `  backfire run --preset quick --defenders indexing --set artefacts.model=true
  backfire predict --run 3e24d2 --defender none --sample 5 --trigger 0
  backfire predict --run 3e24d2 --agent 0 --sample 5 --trigger 0
  backfire predict --run 3e24d2 --agent unknown --batch shoe.png shirt.png`,
	}
	var store, dataDir, dataPath, device string
	set := cmd.Flags()
	set.StringVar(&opts.Run, "run", "", "hash of a summary or result, or the beginning of it")
	set.StringVar(&opts.Point, "point", "", "point of a sweep, by its name")
	set.StringVar(&opts.Seed, "seed", "", "seed of a sweep's point")
	set.IntVar(&opts.Attackers, "attackers", 0, "number of attackers of the game")
	set.StringVar(&opts.Defender, "defender", "", "defender, as --defenders named it; by default the only one, or none")
	set.StringVar(&opts.Agent, "agent", "", "agent that the images come from: an attacker's ID, or unknown")
	set.StringVar(&opts.Similarity, "similarity", string(detect.MMD), "how --agent unknown is guessed: "+methodNames())
	set.BoolVar(&opts.Batch, "batch", false, "with --agent unknown: all images are one query, from one agent")
	set.BoolVar(&opts.Resize, "resize", false, "bring images of other sizes to the dataset's")
	set.IntVar(&opts.Trigger, "trigger", noTrigger, "ID of the attacker whose trigger is stamped on the images")
	set.IntVar(&opts.Sample, "sample", 0, "number of held-out images to take in place of files")
	set.BoolVar(&opts.JSON, "json", false, "write a line of JSON per image")
	set.StringVar(&store, "store", "", "directory of the run store (store)")
	set.StringVar(&dataDir, "data-dir", "", "data directory with one directory per dataset (data.dir)")
	set.StringVar(&dataPath, "data-path", "", "directory or archive of images, for the dataset folder (data.path)")
	set.StringVar(&device, "device", "", "where to compute: auto, cpu, cuda or cuda:K (device)")
	cmd.Args = func(_ *cobra.Command, args []string) error { return opts.check(args, set.Changed) }
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		opts.Files = args
		opts.Config = config.Options{Environ: streams.Environ}
		opts.Config.Sets = keySets(map[string]string{"store": store, "data.dir": dataDir, "data.path": dataPath, "device": device})
		if runF != nil {
			return runF(cmd.Context(), opts)
		}
		return runPredict(cmd.Context(), opts)
	}
	return cmd
}

// methodNames lists the ways of guessing.
func methodNames() string {
	var names []string
	for _, method := range detect.Methods() {
		names = append(names, string(method))
	}
	return strings.Join(names, ", ")
}

// check refuses flags and arguments that do not go together.
func (o *PredictOptions) check(files []string, given func(flag string) bool) error {
	_, agentErr := strconv.Atoi(o.Agent)
	switch {
	case o.Run == "":
		return errors.New("--run: name a stored run by the beginning of its hash")
	case o.Sample < 0 || given("sample") && o.Sample == 0:
		return fmt.Errorf("--sample %d: must be at least 1", o.Sample)
	case (len(files) > 0) == (o.Sample > 0):
		return errors.New("name the files of one or more images, or give --sample N for held-out ones")
	case o.Sample > 0 && o.Resize:
		return errors.New("--resize is for files: held-out images have the dataset's size")
	case o.Trigger < 0 && given("trigger"):
		return fmt.Errorf("--trigger %d: must be the ID of an attacker", o.Trigger)
	case o.Attackers < 0 || given("attackers") && o.Attackers == 0:
		return fmt.Errorf("--attackers %d: must be at least 1", o.Attackers)
	case o.Agent != "" && o.Agent != agentUnknown && agentErr != nil:
		return fmt.Errorf("--agent %s: must be the ID of an attacker, or unknown", o.Agent)
	case o.Agent != agentUnknown && (o.Batch || given("similarity")):
		return errors.New("--batch and --similarity say how an agent is guessed: they need --agent unknown")
	case !slices.Contains(detect.Methods(), detect.Method(o.Similarity)):
		return fmt.Errorf("--similarity %s: must be one of %s", o.Similarity, methodNames())
	}
	return nil
}

func runPredict(ctx context.Context, opts *PredictOptions) error {
	models, err := opts.open()
	if err != nil {
		return err
	}
	chosen, err := opts.choose(models.Store)
	if err != nil {
		return err
	}
	chosen.consultant = &inference.Client{StoredModels: models}
	err = opts.answer(ctx, chosen)
	if errors.Is(err, inference.ErrNoModel) {
		err = fmt.Errorf("predict: %w: %s", err, chosen.remedy())
	}
	if err != nil && ctx.Err() != nil {
		return &InterruptedError{}
	}
	return err
}

// answer reads the images, has them answered and prints the answers.
func (o *PredictOptions) answer(ctx context.Context, chosen *answering) error {
	queries, err := o.queries(ctx, chosen)
	if err != nil {
		return err
	}
	if err := o.assign(ctx, chosen, queries); err != nil {
		return err
	}
	if err := chosen.ask(ctx, queries); err != nil {
		return err
	}
	if o.JSON {
		return writePredictions(o.IO.Out, chosen, queries)
	}
	return o.show(chosen, queries)
}
