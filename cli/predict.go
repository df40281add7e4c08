package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"backfire/config"
	"backfire/datasets"
	"backfire/defenses/detect"
	"backfire/experiments/inference"
	"backfire/internal/disk"
)

// agentUnknown is the value of --agent for queries whose agent is guessed.
const agentUnknown = "unknown"

// PredictOptions are the options of "predict".
type PredictOptions struct {
	StoredModelsOptions
	IO    *IOStreams
	Files []string // pictures
	JSON  bool     // a line of JSON per image

	Run       string // latest, the hash of a run or model, or its beginning
	Point     string // of a sweep; empty: the only one
	Seed      string // likewise
	Attackers int    // number of attackers of the game; 0: the only game
	Defender  string // empty: the only one beside the game without a defense

	Agent      string // ID, agentUnknown, or empty: not given
	Similarity string // by which agentUnknown is guessed
	Batch      bool   // all images are one query

	Resize  bool
	Trigger int // ID of the attacker whose trigger is stamped on the images; -1: none
	Sample  int // held-out images in place of files; 0: files
}

// newCmdPredict returns the command that asks stored models about images.
func newCmdPredict(streams *IOStreams, runF func(context.Context, *PredictOptions) error) *cobra.Command {
	opts := &PredictOptions{StoredModelsOptions: newStoredModelsOptions(streams), IO: streams}
	cmd := &cobra.Command{
		Use:   "predict --run RUN [--agent ID|unknown] IMAGE...",
		Short: "Ask a defender's stored models about images",
		Long: `Do what a defender does with a query: choose the model that answers, and print the
label, its probability, the model that answered and the reason for this choice. Under
agent indexing a query comes with the index of its agent: with --agent ID the model
answers that was trained without that agent's images. With --agent unknown the agent is
guessed: the one whose contribution is most similar to the image, or with --batch to all
images together, in the features of the model of all agents' images. If indexing.update
is unlearn, that model answers after it has unlearned the agent. With a vote over agents
all its models answer; the probability is the share of models that predict the label, and
the certificate counts the agents that could not have changed it, whatever they had sent.

RUN is "latest", the hash of a run ("backfire runs list") or of a model ("backfire
models list"), or its beginning. Its models must be stored (artefacts.model=true). The
images are image files of the dataset's size, or with --sample held-out images of
the defender. --trigger ID stamps an attacker's trigger on them first; with --sample
they are then held-out images of that attacker.`,
		Example: `  backfire run --preset quick --defenders indexing --set artefacts.model=true
  backfire predict --run 3e24d2 --defender none --sample 5 --trigger 0
  backfire predict --run 3e24d2 --agent 0 --sample 5 --trigger 0
  backfire predict --run 3e24d2 --agent unknown --batch shoe.png shirt.png`,
	}
	var device string
	set := cmd.Flags()
	set.StringVar(&opts.Run, "run", "", "latest, the hash of a run or model, or its beginning")
	set.StringVar(&opts.Point, "point", "", "point of a sweep, by its name")
	set.StringVar(&opts.Seed, "seed", "", "seed of a sweep's point")
	config.IntVar(set, &opts.Attackers, "attackers", 0, "number of attackers of the game")
	set.StringVar(&opts.Defender, "defender", "", "defender, as --defenders named it; by default the only one, or none")
	set.StringVar(&opts.Agent, "agent", "", "agent that the images come from: an attacker's ID, or unknown")
	set.StringVar(&opts.Similarity, "similarity", string(detect.MMD), "measure by which --agent unknown is guessed: "+strings.Join(similarities(), ", "))
	set.BoolVar(&opts.Batch, "batch", false, "with --agent unknown: all images are one query, from one agent")
	set.BoolVar(&opts.Resize, "resize", false, "resize images to the dataset's size")
	config.IntVar(set, &opts.Trigger, "trigger", inference.NoTrigger, "ID of the attacker whose trigger is stamped on the images")
	config.IntVar(set, &opts.Sample, "sample", 0, "number of held-out images to take in place of files")
	set.BoolVar(&opts.JSON, "json", false, "write a line of JSON per image")
	stored := addStoredFlags(set)
	set.StringVar(&device, "device", "", "device to compute on: auto, cpu, cuda or cuda:K (device)")
	cmd.Args = func(_ *cobra.Command, args []string) error { return opts.check(args, set.Changed) }
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		opts.Files = args
		opts.Config = config.Options{Environ: streams.Environ}
		sets := stored.sets()
		sets["device"] = device
		opts.Config.Sets = keySets(sets)
		if runF != nil {
			return runF(cmd.Context(), opts)
		}
		return runPredict(cmd.Context(), opts)
	}
	return cmd
}

// check refuses flags and arguments that exclude each other or are out of range.
func (o *PredictOptions) check(files []string, given func(flag string) bool) error {
	_, agentErr := strconv.Atoi(o.Agent)
	switch {
	case o.Run == "":
		return errors.New("predict: --run is missing: give latest or the beginning of a hash")
	case o.Sample < 0 || given("sample") && o.Sample == 0:
		return fmt.Errorf("predict: --sample %d: must be at least 1", o.Sample)
	case (len(files) > 0) == (o.Sample > 0):
		return errors.New("predict: give the files of one or more images, or --sample N for held-out ones")
	case o.Sample > 0 && o.Resize:
		return errors.New("predict: --resize is for files: held-out images have the dataset's size")
	case o.Trigger < 0 && given("trigger"):
		return fmt.Errorf("predict: --trigger %d: must be the ID of an attacker", o.Trigger)
	case o.Attackers < 0 || given("attackers") && o.Attackers == 0:
		return fmt.Errorf("predict: --attackers %d: must be at least 1", o.Attackers)
	case o.Agent != "" && o.Agent != agentUnknown && agentErr != nil:
		return fmt.Errorf("predict: --agent %s: must be the ID of an attacker, or unknown", o.Agent)
	case o.Agent != agentUnknown && (o.Batch || given("similarity")):
		return errors.New("predict: --batch and --similarity are about guessing an agent: they need --agent unknown")
	case !slices.Contains(detect.Methods(), detect.Method(o.Similarity)):
		return fmt.Errorf("predict: --similarity %s: must be one of %s", o.Similarity, strings.Join(similarities(), ", "))
	}
	return nil
}

func runPredict(ctx context.Context, opts *PredictOptions) error {
	models, err := opts.open()
	if err != nil {
		return err
	}
	run, err := runName(models.Store, opts.Run)
	if err != nil {
		return fmt.Errorf("predict: %w", err)
	}
	defender, err := inference.Select(models.Store, inference.Selection{
		Run: run, Point: opts.Point, Seed: opts.Seed, Attackers: opts.Attackers, Defender: opts.Defender, Guess: opts.Agent == agentUnknown,
	})
	if err != nil {
		return opts.failure(err, nil)
	}
	err = opts.answer(ctx, &inference.Client{StoredModels: models}, defender)
	if err != nil && ctx.Err() != nil {
		return &InterruptedError{}
	}
	return opts.failure(err, defender)
}

// failure returns an error of package inference as a user of the flags reads it.
func (o *PredictOptions) failure(err error, defender *inference.Defender) error {
	const retrained = "this trains the models once more, to the same results"
	var refused *inference.RequestError
	var incomplete *inference.IncompleteError
	switch {
	case errors.As(err, &refused) && refused.Value == "":
		return Usagef("predict: --%s: %s", refused.Field, refused.Reason)
	case errors.As(err, &refused):
		return Usagef("predict: --%s %s: %s", refused.Field, refused.Value, refused.Reason)
	case errors.As(err, &incomplete):
		return fmt.Errorf("predict: the run is not complete: %w: complete it with\n  %s --set artefacts.model=true",
			incomplete.Err, cmp.Or(incomplete.Command, "backfire run"))
	case errors.Is(err, inference.ErrNoModel) && (defender == nil || defender.Command == ""):
		return fmt.Errorf("predict: %w: repeat the run with --set artefacts.model=true; %s", err, retrained)
	case errors.Is(err, inference.ErrNoModel):
		return fmt.Errorf("predict: %w: store it with\n  %s --set artefacts.model=true\n%s", err, defender.Command, retrained)
	}
	return err
}

// answer reads the images, asks the defender about them and prints its answers.
func (o *PredictOptions) answer(ctx context.Context, client *inference.Client, defender *inference.Defender) error {
	images, err := o.images(ctx, client, defender)
	if err != nil {
		return err
	}
	query := inference.Query{Images: images, Guess: o.Agent == agentUnknown, Similarity: detect.Method(o.Similarity), Batch: o.Batch}
	if o.Agent != "" && !query.Guess {
		id, err := strconv.Atoi(o.Agent)
		if err != nil {
			return fmt.Errorf("predict: --agent: %w", err) // check has refused it
		}
		query.Agent = &id
	}
	predictions, err := client.Answer(ctx, defender, query)
	if err != nil {
		return err
	}
	if o.JSON {
		return o.writePredictions(defender, images, predictions)
	}
	return o.show(defender, images, predictions)
}

// images reads the files, or draws held-out images, and stamps the trigger on them.
func (o *PredictOptions) images(ctx context.Context, client *inference.Client, defender *inference.Defender) ([]inference.Image, error) {
	if o.Sample > 0 {
		return client.HeldOut(ctx, defender, o.Trigger, o.Sample)
	}
	var images []inference.Image
	shape := defender.Game.Data.Shape
	for _, name := range o.Files {
		data, err := disk.ReadFile(name, disk.MaxPicture)
		if err != nil {
			return nil, fmt.Errorf("predict: %w", err)
		}
		pixels, err := datasets.DecodeImage(data, shape.C, shape.H, shape.W, o.Resize)
		if err != nil {
			return nil, fmt.Errorf("predict: %s: %w", name, err)
		}
		images = append(images, inference.Image{Name: name, Pixels: pixels, Label: inference.UnknownLabel})
	}
	if o.Trigger == inference.NoTrigger {
		return images, nil
	}
	return images, client.Stamp(ctx, defender, o.Trigger, images)
}
