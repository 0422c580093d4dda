namespace Heed.Stories.Telling;

/// <summary>What a story is about, as one asks for it ("being brave"), and the word that its text then has ("brave").</summary>
internal sealed record Theme(string Phrase, string Keyword)
{
    public static readonly Theme Brave = new("being brave", "brave");
    public static readonly Theme Scared = new("being scared", "scared");
    public static readonly Theme Sharing = new("sharing", "shar");
    public static readonly Theme Truth = new("telling the truth", "truth");
    public static readonly Theme Patience = new("being patient", "patien");
    public static readonly Theme Friendship = new("friendship", "friend");
    public static readonly Theme NeverGiveUp = new("never giving up", "give up");
    public static readonly Theme Kindness = new("being kind", "kind");
    public static readonly Theme Sorry = new("saying sorry", "sorry");
    public static readonly Theme AskingForHelp = new("asking for help", "help");
    public static readonly Theme Helping = new("helping others", "help");
    public static readonly Theme Sad = new("feeling sad", "sad");
    public static readonly Theme Lonely = new("feeling lonely", "lonely");
    public static readonly Theme Proud = new("being proud", "proud");
    public static readonly Theme Angry = new("being angry", "angry");
    public static readonly Theme Curious = new("being curious", "curious");
    public static readonly Theme Surprise = new("a surprise", "surprise");
    public static readonly Theme Wish = new("a wish", "wish");
    public static readonly Theme Storm = new("a storm", "storm");
    public static readonly Theme Mystery = new("a mystery", "mystery");
    public static readonly Theme Birthday = new("a birthday", "birthday");
    public static readonly Theme Race = new("a race", "race");
    public static readonly Theme Journey = new("a journey", "journey");
    public static readonly Theme Practice = new("learning something new", "learn");
}
