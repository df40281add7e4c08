package worker

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"

	"backfire/defenses/detect"
	"backfire/defenses/features"
	"backfire/internal/disk"
	"backfire/internal/jsonfile"
	"backfire/stats"
)

// AnswersFile is the name of the file in a Query's directory that holds its Answers, as JSON.
const AnswersFile = "answers.json"

// Answers are a stored model's answers to a Query: Similarities, or else Probabilities and, where they are asked
// for, Features.
type Answers struct {
	// Probabilities are by image and class.
	Probabilities [][]float32 `json:"probabilities,omitempty"`
	// Features are the penultimate features, by image.
	Features [][]float32 `json:"features,omitempty"`
	// Similarities are by query and agent, comparable within a query.
	Similarities [][]stats.Number `json:"similarities,omitempty"`
}

// query has a stored model answer a request.
func (w *Worker) query(ctx context.Context, hash string, request Query) error {
	s := &session{Setup: request.Setup, hash: hash, dir: request.Dir}
	images, err := disk.ReadFile(request.Images, disk.MaxBytes)
	if err != nil {
		return fmt.Errorf("worker: query: %w", err)
	}
	content, err := ReadModel(request.Model)
	if err != nil {
		return err
	}
	for key, into := range map[string]*[]float64{metaMean: &s.normalization.Mean, metaStd: &s.normalization.Std} {
		if err := json.Unmarshal([]byte(content.Metadata[key]), into); err != nil {
			return fmt.Errorf("worker: load %s: %s: %w", request.Model, key, err)
		}
	}
	rows := s.Cell.Game.PoolSize // any number will do where nothing is unlearned
	if request.NeedsDeal() {
		if err := s.dealStored(ctx, w, request.Source, request.Model); err != nil {
			return err
		}
		rows = s.deal.segmentRows(s.deal.lastSegment())
	}
	model, err := s.newModel(w.Engine, rows, nil)
	if err != nil {
		return err
	}
	defer model.Close()
	if err := s.load(model, request.Model, content); err != nil {
		return err
	}
	var answers Answers
	if request.Similarity != "" {
		answers.Similarities, err = s.compare(ctx, model, request, images)
	} else {
		answers.Probabilities, err = s.classify(model, request, images)
	}
	if request.Features && err == nil && len(answers.Probabilities) > 0 {
		var values []float32
		if values, err = model.Features(images); err == nil {
			answers.Features = slices.Collect(slices.Chunk(values, len(values)/len(answers.Probabilities)))
		}
	}
	if err != nil {
		return err
	}
	return jsonfile.Write(filepath.Join(s.dir, AnswersFile), answers)
}

// classify returns the probability of each class of each image, after unlearning an agent's
// contribution if the request names one.
func (s *session) classify(model TrainedModel, request Query, images []uint8) ([][]float32, error) {
	if id := request.Unlearn; id != nil {
		agent := s.Cell.Game.AgentPosition(*id)
		if agent < 0 || s.Cell.Attribution == nil {
			return nil, fmt.Errorf("worker: query: %w: agent %d cannot be unlearned by %s", ErrOptions, *id, s.Cell.Title())
		}
		if err := s.upload(model, s.deal.lastSegment()); err != nil {
			return nil, err
		}
		if err := s.unlearnOne(model, agent); err != nil {
			return nil, err
		}
	}
	values, err := model.Probabilities(images)
	if err != nil {
		return nil, err
	}
	return slices.Collect(slices.Chunk(values, len(s.Cell.Data.Classes))), nil
}

// compare returns the similarity of each query to each agent's contribution, by the model's
// features. The labels of a query are those that the model predicts for it.
func (s *session) compare(ctx context.Context, model TrainedModel, request Query, images []uint8) ([][]stats.Number, error) {
	references, err := s.referenceSet(model)
	if err != nil {
		return nil, err
	}
	estimator, err := detect.NewEstimator(request.Similarity, references)
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
	if !request.Batch {
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
		for i, value := range similarity {
			numbers[i] = stats.Number(value)
		}
		similarities = append(similarities, numbers)
	}
	return similarities, nil
}
