package worker

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"backfire/defenses/detect"
	"backfire/defenses/features"
	"backfire/game"
	"backfire/internal/jsonfile"
	"backfire/stats"
)

// Ask is what a stored model is asked about images.
type Query struct {
	Images string `json:"images"` // file of their raw values, N*C*H*W
	// Similarity asks how similar the images are to each attacker's contribution
	// by a method of package detect, in place of their classes.
	Similarity detect.Method `json:"similarity,omitempty"`
	// Batch makes all images one query; otherwise each is one.
	Batch bool `json:"batch,omitempty"`
	// Unlearn is the ID of the attacker whose sub-dataset is unlearned before the
	// model is asked for classes, as its inquiry does; nil: none.
	Unlearn *int `json:"unlearn,omitempty"`
}

// deals says whether the answer takes the images that the model was trained on.
func (a Query) NeedsDeal() bool { return a.Similarity != "" || a.Unlearn != nil }

// answersFile holds the answers in the job's directory.
const AnswersFile = "answers.json"

// answersTo is what a model answers to an Ask.
type Answers struct {
	// Probabilities are by image and class.
	Probabilities [][]float32 `json:"probabilities,omitempty"`
	// Similarities are by query and attacker, comparable within a query.
	Similarities [][]stats.Number `json:"similarities,omitempty"`
}

// ask has a stored model answer.
func (w *Worker) ask(ctx context.Context, job Job) error {
	p := &Session{Job: job}
	var err error
	if p.Hash, err = job.Cell.Hash(); err != nil {
		return err
	}
	images, err := os.ReadFile(job.Query.Images)
	if err != nil {
		return fmt.Errorf("experiments: ask: %w", err)
	}
	content, err := ReadModel(job.Predict)
	if err != nil {
		return err
	}
	for key, into := range map[string]*[]float64{metaMean: &p.Normalization.Mean, metaStd: &p.Normalization.Std} {
		if err := json.Unmarshal([]byte(content.Metadata[key]), into); err != nil {
			return fmt.Errorf("experiments: load %s: %s: %w", job.Predict, key, err)
		}
	}
	trained := job.Cell.Game.PoolSize // any number will do where nothing is unlearned
	if job.Query.NeedsDeal() {
		if err := w.deal(ctx, p); err != nil {
			return err
		}
		trained = p.rowsIn(len(p.course) - 1)
	}
	model, err := w.Engine.NewModel(ModelOptions{
		Cell: job.Cell, Images: trained, Mean: p.Normalization.Mean, Std: p.Normalization.Std, Device: job.Device, Threads: job.Threads,
	})
	if err != nil {
		return err
	}
	defer model.Close()
	if err := p.load(model, content); err != nil {
		return err
	}
	var answers Answers
	if job.Query.Similarity != "" {
		answers.Similarities, err = p.compare(ctx, model, images)
	} else {
		answers.Probabilities, err = p.classify(model, images)
	}
	if err != nil {
		return err
	}
	return jsonfile.Write(filepath.Join(job.Dir, AnswersFile), answers)
}

// deal deals the game of a job and makes its training set.
func (w *Worker) deal(ctx context.Context, p *Session) error {
	common, err := w.gameCache(ctx, p.Job)
	if err != nil {
		return err
	}
	if p.Game, err = common.Game(); err != nil {
		return err
	}
	return p.Stamp(common)
}

// classify gives the probability of each class of each image, after an attacker was
// unlearned if that is asked for.
func (p *Session) classify(model TrainedModel, images []uint8) ([][]float32, error) {
	if id := p.Job.Query.Unlearn; id != nil {
		attacker := slices.IndexFunc(p.Job.Cell.Game.Attackers, func(a game.Attacker) bool { return a.ID == *id })
		if attacker < 0 || p.Job.Cell.Attribution == nil {
			return nil, fmt.Errorf("experiments: ask: %w: attacker %d cannot be unlearned by %s", ErrOptions, *id, p.Job.Cell.Title())
		}
		training := p.rowsOf(len(p.course) - 1)
		if err := model.Upload(training.Images, training.Labels); err != nil {
			return nil, err
		}
		if err := p.unlearnOne(model, attacker); err != nil {
			return nil, err
		}
	}
	values, err := model.Probabilities(images)
	if err != nil {
		return nil, err
	}
	return slices.Collect(slices.Chunk(values, len(p.Job.Cell.Data.Classes))), nil
}

// compare gives the similarity of each query to each attacker's contribution, as
// the model sees them: a query has the labels that the model predicts for it.
func (p *Session) compare(ctx context.Context, model TrainedModel, images []uint8) ([][]stats.Number, error) {
	bank, err := p.referenceSet(model)
	if err != nil {
		return nil, err
	}
	estimator, err := detect.NewEstimator(p.Job.Query.Similarity, bank)
	if err != nil {
		return nil, err
	}
	labels, err := model.Predict(images)
	if err != nil {
		return nil, err
	}
	values, err := model.Features(images)
	if err != nil {
		return nil, err
	}
	all, err := features.New(values, len(values)/len(labels))
	if err != nil {
		return nil, err
	}
	queries := [][]int{make([]int, len(labels))}
	for i := range labels {
		queries[0][i] = i
	}
	if !p.Job.Query.Batch {
		queries = slices.Collect(slices.Chunk(queries[0], 1))
	}
	var similarities [][]stats.Number
	for _, query := range queries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		sample := detect.Sample{Features: features.Rows(all, query)}
		for _, i := range query {
			sample.Labels = append(sample.Labels, labels[i])
		}
		similarity, err := estimator.Similarity(sample)
		if err != nil {
			return nil, err
		}
		numbers := make([]stats.Number, len(similarity))
		for i, s := range similarity {
			numbers[i] = stats.Number(s)
		}
		similarities = append(similarities, numbers)
	}
	return similarities, nil
}
