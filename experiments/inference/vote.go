package inference

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"backfire/defenses/vote"
	"backfire/experiments/summary"
)

// VoteCount is the count of a vote about one image.
type VoteCount struct {
	Rule vote.Rule
	// Votes holds the number of models that predict each class.
	Votes []int
	// Agents is the certificate: so many agents could have sent any other images without a change of the label.
	Agents int
}

// answerByVote asks each model of a vote about all images and counts.
func (c *Client) answerByVote(ctx context.Context, d *Defender, q Query) ([]Prediction, error) {
	switch {
	case q.Guess:
		return nil, refuse(FieldAgent, "unknown", "the models of defender %s vote on each query, whichever agent it is from: give no agent", d.Models.Defender)
	case q.Agent != nil:
		return nil, refuse(FieldAgent, strconv.Itoa(*q.Agent), "the models of defender %s vote on each query, whichever agent it is from: give no agent", d.Models.Defender)
	}
	rankings := make([][][]uint16, len(q.Images)) // by image and model
	for _, model := range d.Models.Voters() {
		probabilities, err := c.Probabilities(ctx, model.Hash, pixelsOf(q.Images))
		if err != nil {
			return nil, err
		}
		for i, own := range probabilities {
			var p Prediction
			p.set(own)
			rankings[i] = append(rankings[i], vote.Rank(own, p.Label))
		}
	}
	predictions := make([]Prediction, len(q.Images))
	for i := range predictions {
		predictions[i] = voted(d.Models, rankings[i])
	}
	return predictions, nil
}

// voted returns the prediction that a vote makes of the rankings of its models.
func voted(models *summary.ModelSet, rankings [][]uint16) Prediction {
	outcome := vote.Count(models.Vote.Rule, rankings)
	classes := len(rankings[0])
	p := Prediction{
		Label: outcome.Class, Probabilities: make([]float32, classes),
		Vote: &VoteCount{Rule: models.Vote.Rule, Votes: make([]int, classes), Agents: outcome.Agents},
	}
	for _, ranking := range rankings {
		p.Vote.Votes[ranking[0]]++
	}
	var counts []string
	names := models.Models[0].Cell.Data.Classes
	for class, n := range p.Vote.Votes {
		p.Probabilities[class] = float32(n) / float32(len(rankings))
		if n > 0 {
			counts = append(counts, fmt.Sprintf("%s %d", names[class], n))
		}
	}
	p.Why = fmt.Sprintf("%s of %d models (%s); certified for %d bad agents", p.Vote.Rule, len(rankings), strings.Join(counts, ", "), outcome.Agents)
	return p
}
