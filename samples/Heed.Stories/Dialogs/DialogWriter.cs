using Heed.Stories.Telling;
using Heed.Stories.Text;
using Heed.Stories.World;

namespace Heed.Stories.Dialogs;

/// <summary>Writes dialogs of one to three user turns.</summary>
internal sealed class DialogWriter
{
    public const int MostWords = 300;
    private readonly SplitMix _random;
    private readonly List<Message> _messages = [];
    private readonly List<StoryWish?> _wishes = [];

    private DialogWriter(SplitMix random) => _random = random;

    public static Dialog Write(SplitMix random)
    {
        while (true)
        {
            Dialog dialog = new DialogWriter(random).WriteOnce();
            if (dialog.CountWords() <= MostWords) return dialog;
        }
    }

    /// <summary>A request, the first sentences of the story that was asked for, and up to three questions about who and what is in them.</summary>
    public static Dialog WriteShort(SplitMix random)
    {
        DialogWriter writer = new(random);
        StoryRequest request = StoryRequest.Make(random, brief: false);
        Story opening = Storyteller.Open(random, request.Wish);
        writer.Add(request.Text, opening.Text, request.Wish);
        int questions = random.Next(4);
        for (int i = 0; i < questions; i++) writer.Ask(opening);
        return new Dialog(writer._messages, writer._wishes);
    }

    private Dialog WriteOnce()
    {
        int kind = _random.Next(100);
        if (kind < 72) StoryFirst();
        else if (kind < 86) OfferFirst(_random.Pick(SmallTalk.Openings));
        else if (kind < 96) OfferFirst((_random.Pick(SmallTalk.Outside), SmallTalk.Decline));
        else Say(_random.Pick(SmallTalk.Closings));
        return new Dialog(_messages, _wishes);
    }

    private void StoryFirst()
    {
        int after = _random.Next(100);
        bool second = after is >= 62 and < 80;
        Story story = Tell(StoryRequest.Make(_random, brief: second));
        if (after < 28) return;
        if (second) After(after);
        else
        {
            Continue(story);
            if (_random.Chance(35)) Continue(story);
        }
    }

    private void After(int kind) => Tell(kind < 71 ? StoryRequest.More(_random, brief: true) : StoryRequest.Another(_random, brief: true));

    private void Continue(Story story)
    {
        int kind = _random.Next(100);
        if (kind < 66) Ask(story);
        else if (kind < 78) Shorter(story);
        else Say(_random.Pick(SmallTalk.Closings));
    }

    private void Ask(Story story)
    {
        (string ask, string answer) = FollowUp.Make(story, _random);
        Add(StoryRequest.Spoken(ask, _random), answer, null);
    }

    private void Shorter(Story story)
    {
        int words = Prose.CountWords(story.Text);
        Story brief = Storyteller.Shorten(story, _random, words * 7 / 10);
        if (Prose.CountWords(brief.Text) >= words * 9 / 10)
        {
            Say(SmallTalk.Closings[0]);
            return;
        }
        string ask = Plain("{Make it shorter|Can you make it shorter|Shorter, please|A shorter one, please|Tell it again, but shorter|That was too long|Can you tell it in fewer words}");
        Add(StoryRequest.Spoken(ask, _random), brief.Text, null);
    }

    /// <summary>Small talk or a question outside of Heed's world; the answer offers a story, which may be taken.</summary>
    private void OfferFirst((string Ask, string Answer) talk)
    {
        StoryWish offer = new() { Hero = _random.Pick(Kinds.All) };
        string about = "a " + offer.Hero.Noun;
        if (_random.Chance(60))
        {
            offer = offer with { Thing = _random.Pick(Things.All) };
            about += " and a " + offer.Thing.Noun;
        }
        Template words = new(slot => slot switch { "offer" => about, "n" or "m" => $"{2 + _random.Next(97)}", _ => throw new InvalidOperationException($"Small talk has no word for [{slot}].") }, [], _random, fullness: 50);
        Add(StoryRequest.Spoken(words.Write(talk.Ask), _random), words.Write(talk.Answer), null);
        int then = _random.Next(100);
        if (then < 40) Tell(StoryRequest.Offered(offer, _random, brief: false));
        else if (then < 65) Tell(StoryRequest.Make(_random, brief: false));
        else if (then < 75) Say(_random.Pick(SmallTalk.Closings.Take(3).ToList()));
    }

    private Story Tell(StoryRequest request)
    {
        Story story = Storyteller.Tell(_random, request.Wish);
        string before = _random.Chance(8) ? Plain("{Of course|With pleasure|Gladly|Here it is|Listen}! ") + " " : "";
        Add(request.Text, before + story.Text, request.Wish);
        return story;
    }

    private void Say((string Ask, string Answer) talk) => Add(StoryRequest.Spoken(Plain(talk.Ask), _random), Plain(talk.Answer), null);

    private string Plain(string template) => new Template(slot => throw new InvalidOperationException($"[{slot}] needs a story."), [], _random, fullness: 50).Write(template);

    private void Add(string ask, string answer, StoryWish? wish)
    {
        _messages.Add(Message.User(ask));
        _messages.Add(Message.Assistant(answer));
        _wishes.Add(wish);
    }
}
